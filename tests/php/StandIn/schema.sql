-- The columns of a JTL-Shop 5 that the plugin reads and writes, and no others.
CREATE TABLE tkunde (kKunde INTEGER PRIMARY KEY, kKundengruppe INT DEFAULT 1, kSprache INT DEFAULT 1, cKundenNr TEXT,
    cAnrede TEXT DEFAULT '', cVorname TEXT DEFAULT '', cNachname TEXT DEFAULT '', cFirma TEXT, cOrt TEXT DEFAULT '',
    cBundesland TEXT DEFAULT '', cLand TEXT DEFAULT 'DE', cTel TEXT, cMobil TEXT, cMail TEXT DEFAULT '',
    cSperre TEXT DEFAULT 'N', dGeburtstag TEXT, dErstellt TEXT, dVeraendert TEXT, cAktiv TEXT DEFAULT 'Y',
    nRegistriert INT DEFAULT 1);
CREATE TABLE tkundengruppe (kKundengruppe INTEGER PRIMARY KEY, cName TEXT, fRabatt REAL DEFAULT 0,
    cStandard TEXT DEFAULT 'N', nNettoPreise INT DEFAULT 0);
CREATE TABLE tstaat (cLandIso TEXT, cName TEXT, cCode TEXT);
CREATE TABLE tnewsletterempfaenger (kNewsletterEmpfaenger INTEGER PRIMARY KEY, cEmail TEXT COLLATE NOCASE, nAktiv INT,
    dEingetragen TEXT);
CREATE TABLE tnewsletterempfaengerhistory (kNewsletterEmpfaengerHistory INTEGER PRIMARY KEY, cEmail TEXT COLLATE NOCASE, cAktion TEXT,
    dOptCode TEXT, dAusgetragen TEXT);
CREATE TABLE tbestellung (kBestellung INTEGER PRIMARY KEY, kWarenkorb INT, kKunde INT, kRechnungsadresse INT,
    kSprache INT DEFAULT 1, kWaehrung INT DEFAULT 1, fGuthaben REAL DEFAULT 0, fGesamtsumme REAL,
    cVersandartName TEXT DEFAULT 'DHL', cZahlungsartName TEXT DEFAULT 'Rechnung', cBestellNr TEXT, dVersandDatum TEXT,
    dBezahltDatum TEXT, cStatus TEXT DEFAULT '1', dErstellt TEXT, fWaehrungsFaktor REAL DEFAULT 1);
CREATE TABLE trechnungsadresse (kRechnungsadresse INTEGER PRIMARY KEY, cMail TEXT, cLand TEXT);
CREATE TABLE twaehrung (kWaehrung INTEGER PRIMARY KEY, cISO TEXT, cStandard TEXT);
CREATE TABLE twarenkorbpos (kWarenkorbPos INTEGER PRIMARY KEY, kWarenkorb INT, kArtikel INT DEFAULT 0, cArtNr TEXT,
    cName TEXT, nAnzahl REAL DEFAULT 1, fPreisEinzelNetto REAL, fMwSt REAL DEFAULT 19, nPosTyp INT DEFAULT 1);
CREATE TABLE tzahlungseingang (kZahlungseingang INTEGER PRIMARY KEY, kBestellung INT, fBetrag REAL,
    fZahlungsgebuehr REAL, cISO TEXT, cZahlungsanbieter TEXT, dZeit TEXT);
CREATE TABLE tzahlungsart (cName TEXT, nActive INT DEFAULT 1);
CREATE TABLE tkupon (kKupon INTEGER PRIMARY KEY, cName TEXT, fWert REAL, cWertTyp TEXT, dGueltigAb TEXT,
    dGueltigBis TEXT, fMindestbestellwert REAL DEFAULT 0, cCode TEXT, nVerwendungen INT DEFAULT 1,
    nVerwendungenBisher INT DEFAULT 0, cKunden TEXT DEFAULT '-1', cAktiv TEXT DEFAULT 'Y',
    cKuponTyp TEXT DEFAULT 'standard', nGanzenWKRabattieren INT DEFAULT 1, cLieferlaender TEXT DEFAULT '',
    cArtikel TEXT DEFAULT '', cKategorien TEXT DEFAULT '-1');
CREATE TABLE tversandart (kVersandart INTEGER PRIMARY KEY, cLaender TEXT);
CREATE TABLE tkuponbestellung (kKupon INT, kBestellung INT, kKunde INT, cBestellNr TEXT, fKuponwertBrutto REAL,
    cKuponTyp TEXT, dErstellt TEXT);
CREATE TABLE tartikel (kArtikel INTEGER PRIMARY KEY, kVaterArtikel INT DEFAULT 0, kHersteller INT DEFAULT 0, cArtNr TEXT,
    cName TEXT, dLetzteAktualisierung TEXT);
CREATE TABLE thersteller (kHersteller INTEGER PRIMARY KEY, cName TEXT);
CREATE TABLE tkategorie (kKategorie INTEGER PRIMARY KEY, cName TEXT, kOberKategorie INT DEFAULT 0);
CREATE TABLE tkategorieartikel (kArtikel INT, kKategorie INT);
CREATE TABLE rma (id INTEGER PRIMARY KEY, status INT);
CREATE TABLE rma_items (rmaID INT, orderID INT);
INSERT INTO tkundengruppe (kKundengruppe, cName, cStandard, nNettoPreise) VALUES (1, 'Endkunden', 'Y', 0),
    (2, 'Händler', 'N', 1), (3, 'Stammkunden', 'N', 0);
INSERT INTO twaehrung VALUES (1, 'EUR', 'Y'), (2, 'USD', 'N');
INSERT INTO tstaat VALUES ('DE', 'Bayern', 'DE-BY');
INSERT INTO tzahlungsart (cName) VALUES ('Rechnung'), ('PayPal');
